"""Neural measures of clips: whose voice it is (``speaker``) and how good it sounds (``mos``), by small networks."""
