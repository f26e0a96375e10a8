/* The oldest Chromium that the pages are made for: district PCs still run it. */
export const FLOOR = 90;
