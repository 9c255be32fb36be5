/** An invalid field of a request, and the reason why it is invalid. */
export interface FieldError {
  readonly field: string
  readonly message: string
}

/** A request has invalid fields. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError'
  readonly errors: readonly FieldError[]

  constructor(errors: readonly FieldError[]) {
    super(errors.map(({ field, message }) => `${field}: ${message}`).join('; '))
    this.errors = errors
  }
}
