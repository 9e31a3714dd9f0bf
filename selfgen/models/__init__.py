"""Models: everything that answers calls. Importing the room loads nothing; `assemble` imports the file it needs.

on the wire   chat (the one client) · wire (bodies and answers) · faults (what a status means) · discover (who is there)
in the house  retry (the endpoint) · turns (who is next) · throttle (how many at once) · hold (when a server is away) ·
              doubt (bad prompt or wrong set-up?)
stand-in      mock
"""
