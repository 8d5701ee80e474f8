"""The tabs, one module each: components, what they show, and the events that stay within the tab."""
