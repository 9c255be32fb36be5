import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type * as z from 'zod'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { issueLines, schemaMessage } from '../../../shared/values/schema-messages.ts'
import type { NamedUsage } from './buckets.ts'

/** The path of the limits in a local service. No request of the SDK has this path: `-` is not a valid bucket name. */
const PATH = '/-/limits'

/** Enforces the limits of one service. */
interface Limiter {
  usage(): NamedUsage[]
  restartUsage(): void
}

/**
 * The limits of a running service, which can be read and replaced over HTTP at `/-/limits`:
 * - `GET` returns the usage of all buckets as JSON.
 * - `POST` does the same and begins a new measurement.
 * - `PUT` replaces the limits by those in the body, or removes them if the body is `null`.
 */
export class LimitsEndpoint<Limits, LimiterOfService extends Limiter> {
  /** Undefined if the service has no limits. */
  limiter: LimiterOfService | undefined
  readonly #schema: z.ZodType<Limits | null>
  readonly #limiterFor: (limits: Limits) => LimiterOfService

  constructor(schema: z.ZodType<Limits>, limits: Limits | undefined, limiterFor: (limits: Limits) => LimiterOfService) {
    this.#schema = schema.nullable()
    this.#limiterFor = limiterFor
    this.limiter = limits === undefined ? undefined : limiterFor(limits)
  }

  /** Responds to a request if it has the path of the limits. Otherwise returns false. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.url !== PATH) return false
    this.#answer(request).then(
      (buckets) => response.end(JSON.stringify({ buckets }, null, 2)),
      (error: unknown) => {
        response.statusCode = 400
        response.end(JSON.stringify({ message: errorMessage(error) }))
      },
    )
    response.setHeader('content-type', 'application/json')
    return true
  }

  #parse(body: string): Limits | null {
    const json = parseJson(body)
    const { success, data, error } = this.#schema.safeParse(json, { error: schemaMessage })
    if (success) return data
    throw new Error(
      `the limits in the body are not valid: ${issueLines(error).join('; ')}; send an object with all limits, or null for none`,
    )
  }

  async #answer(request: IncomingMessage): Promise<NamedUsage[]> {
    if (request.method === 'PUT') {
      const limits = this.#parse(await text(request))
      this.limiter = limits === null ? undefined : this.#limiterFor(limits)
    }
    const usage = this.limiter?.usage() ?? []
    if (request.method === 'POST') this.limiter?.restartUsage()
    return usage
  }
}

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new Error('the body is not JSON; send an object with all limits, or null for none', { cause: error })
  }
}
