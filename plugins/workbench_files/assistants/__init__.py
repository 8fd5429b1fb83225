"""Training phrases that a team exports from the assistant it leaves: Rasa, Dialogflow ES, CLU and LUIS, Lex V2."""
