"""What was found, in the forms that people and machines read: one small module for each format. Not published.

May import `shared`. Must never know where a finding comes from: `judge` writes reports too, where nothing is installed.
"""
