const buttons = document.querySelectorAll("[data-language]");
function showLanguage(language) {
  document.documentElement.lang = language;
  for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.language === language);
}
for (const button of buttons) button.addEventListener("click", () => showLanguage(button.dataset.language));
showLanguage(navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
