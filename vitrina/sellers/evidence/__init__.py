"""What can be looked at afterwards: clips, pictures and frames to be labelled, with nobody's face on them."""
