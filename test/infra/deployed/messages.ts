/** A call of a function, sent to its worker. */
export interface Invocation {
  readonly id: number
  readonly event: unknown
  /** The time limit that the handler can read from its context. */
  readonly timeoutMs: number
}

/** One HTTP request of a function, and the status of the response. */
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
