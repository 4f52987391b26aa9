"""What all pages and all of the API share: who asks, what they may, which version they see, how answers and problems look."""
