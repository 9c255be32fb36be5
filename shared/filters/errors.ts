/** A filter that cannot be read, or that a resource does not fit: which parameter, and what is wrong with it. */
export class FilterError extends Error {
  override readonly name = 'FilterError'
  readonly field: string
  readonly reason: string
  readonly errors: readonly { readonly field: string; readonly message: string }[]

  constructor(field: string, reason: string) {
    super(`${field}: ${reason}`)
    this.field = field
    this.reason = reason
    this.errors = [{ field, message: reason }]
  }
}

/** Filters that may not stand beside `qb`: what they say belongs into the expression. */
export class FiltersExclusiveError extends Error {
  override readonly name = 'FiltersExclusiveError'
  readonly errors: readonly { readonly field: string; readonly message: string }[]

  constructor(fields: readonly string[]) {
    super(`qb does not go together with ${fields.join(', ')}: say it in the expression, or leave qb out`)
    this.errors = fields.map((field) => ({ field, message: 'does not go together with qb' }))
  }
}
