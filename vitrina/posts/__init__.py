"""Has the channel already answered this? From exports and the live feed to answers, or silence."""
