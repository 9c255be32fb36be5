/** What a function is asked, in its worker. */
export interface Invocation {
  readonly id: number
  readonly event: unknown
  /** What it may take. */
  readonly ms: number
}

/** One HTTP request that a function made, and the status of its answer. */
export interface Call {
  readonly host: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly status: number
}

export type Outcome =
  | { readonly kind: 'loaded'; readonly ms: number }
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'result'; readonly id: number; readonly json: string }
  | { readonly kind: 'error'; readonly id: number; readonly name: string; readonly message: string }
  | { readonly kind: 'died'; readonly message: string }
