import type * as z from 'zod'

/** What a request or a response contains, by media type. A file is any sequence of bytes. */
export type Content = Readonly<Record<string, z.ZodType | 'file' | 'text'>>

/** A response that is not a problem. */
export interface OperationAnswer {
  readonly description: string
  readonly content?: Content
  /** The headers of the response, with their descriptions. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What the OpenAPI document says about one method of one route. */
export interface Operation {
  readonly summary: string
  readonly description?: string
  readonly tag: string
  /** The parameters of the query. */
  readonly query?: z.ZodObject
  /** The parameters of the path, with their descriptions. */
  readonly path?: Readonly<Record<string, string>>
  /** The headers of the request, with their schemas. */
  readonly headers?: z.ZodObject
  readonly body?: Content
  readonly bodyRequired?: true
  readonly answers: Readonly<Record<number, OperationAnswer>>
  /** The types of the problems with which the route may respond, except those of all routes. */
  readonly problems?: readonly string[]
  /** Present if problems are also sent in the form of SpecStar. */
  readonly specStarProblems?: true
}
