"""Work on many machines: a Ray cluster, its workers, and files that they colour. Ray is loaded where it is used."""
