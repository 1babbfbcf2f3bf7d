// It needs what is not there.
import './nothing-there.mjs'
