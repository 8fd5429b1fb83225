const buttons = document.querySelectorAll("[data-language]");
function speak(language) {
  document.documentElement.lang = language;
  for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.language === language);
}
for (const button of buttons) button.addEventListener("click", () => speak(button.dataset.language));
speak(navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
