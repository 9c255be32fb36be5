/** One thing that is wrong with a request: the parameter's name and what it may be. */
export interface FieldError {
  readonly field: string
  readonly message: string
}

/** The request itself is wrong: every field that is, with the values that are allowed. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError'
  readonly errors: readonly FieldError[]

  constructor(errors: readonly FieldError[]) {
    super(errors.map(({ field, message }) => `${field}: ${message}`).join('; '))
    this.errors = errors
  }
}
