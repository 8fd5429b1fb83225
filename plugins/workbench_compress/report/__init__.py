"""What a search leaves: `search.json`, a summary, and the section of `report.html`."""
