/** A console's line as a sentence can quote it: without the kernel's time stamp, and not too long. */
export const lineTrimmed = (line: string): string => line.trim().replace(/^\[\s*\d+\.\d+\]\s*/, '').slice(0, 160)
