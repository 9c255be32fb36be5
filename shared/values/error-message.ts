/** Returns the message of a caught error. Returns any other caught value as a string. */
export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error))
