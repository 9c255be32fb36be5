/** Thrown if the arguments or the settings of a command are not valid. The message contains what is allowed. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}
