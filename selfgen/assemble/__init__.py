"""The composition root: the only room that knows all the others, and the only one that reads the environment.

settings   where settings come from: file, environment, command line; which seeds and prompts ship
source     what a run is made of, its header in the journal, its identity
parts      objects made from it: machine, gates, models, exporters
session    a run folder opened for work, or for reading
"""
