/* ALTCHA's worker for SHA-256, served by us. */
import "altcha/workers/sha";
