"""The tests describe connector: each name is a sentence, each room of the program has a folder of the same name."""
