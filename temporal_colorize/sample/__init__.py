"""The sample clip, rendered from photographs that scikit-image carries inside its wheel: nothing is downloaded.

A garage seen by a fixed camera: somebody in an orange suit walks behind the motorcycle (which hides them by its
measured depth), a ball rolls and a cup is driven over the floor in front of it.
"""
