"""What do people think of the result pages that they are shown?"""
