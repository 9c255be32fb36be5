/** What is used of s3rver, a Koa application that carries no types. */
declare module '@20minutes/s3rver' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  import type { Readable } from 'node:stream'

  export interface Context {
    readonly req: IncomingMessage
    readonly res: ServerResponse
    readonly method: string
    readonly state: Record<string, unknown>
    /** the query without its question mark; may be set, and then changes `req.url` */
    querystring: string
    status: number
    body: string | Readable | null
    length: number | undefined
    type: string
    set(header: string, value: string): void
  }

  export type Next = () => Promise<void>
  export type Middleware = (context: Context, next: Next) => Promise<void>

  export interface Buckets {
    getBucket(name: string): Promise<{ readonly name: string } | null>
    putBucket(name: string): Promise<unknown>
  }

  export default class S3rver {
    constructor(options: {
      readonly directory: string
      readonly silent: boolean
      readonly vhostBuckets: boolean
      readonly allowMismatchedSignatures: boolean
    })

    readonly store: Buckets
    readonly middleware: Middleware[]
    callback(): (request: IncomingMessage, response: ServerResponse) => void
    on(event: 'error', listener: (error: Error) => void): this
  }
}

declare module '@20minutes/s3rver/lib/models/error.js' {
  export default class S3Error extends Error {
    constructor(code: string, message: string, detail?: Readonly<Record<string, string | number>>)
    readonly code: string
    status: number
  }
}
