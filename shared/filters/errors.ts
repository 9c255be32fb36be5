/** A filter is invalid, or its value cannot be compared with the value of a resource. */
export class FilterError extends Error {
  override readonly name = 'FilterError'
  /** The parameter, such as `qb`. */
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

/** A request combines `qb` with filters that cannot be combined with `qb`. */
export class FiltersExclusiveError extends Error {
  override readonly name = 'FiltersExclusiveError'
  readonly errors: readonly { readonly field: string; readonly message: string }[]

  constructor(fields: readonly string[]) {
    super(`qb cannot be combined with ${fields.join(', ')}: move them into the expression, or omit qb`)
    this.errors = fields.map((field) => ({ field, message: 'cannot be combined with qb' }))
  }
}
