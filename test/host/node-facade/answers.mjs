#!/usr/bin/env node
// A module beside it; it has a word of its own that the lab also has.
const Date = 22
export const answers = (more) => more + Date
