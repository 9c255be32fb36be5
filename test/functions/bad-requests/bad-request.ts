/** A request, and the problem with which it is answered. */
export interface BadRequest {
  readonly request: string
  readonly body?: string
  readonly headers?: Record<string, string>
  readonly status: number
  readonly type: string
  /** The field in `errors`. */
  readonly field?: string
  /** A part of `detail`. */
  readonly detail?: string
  /** If true, `detail` ends with this part. */
  readonly isEnd?: boolean
}

export const json = { 'content-type': 'application/json' }
export const form = { 'content-type': 'application/x-www-form-urlencoded' }
