import { HttpResponse } from '@smithy/core/transport'
import { Readable } from 'node:stream'

/** The response of a fake service to one attempt. */
export interface FakeResponse {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Responses of DynamoDB and S3 to an attempt that they throttle. */
export const THROTTLED = {
  dynamoDb: {
    status: 400,
    body: JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
      message: 'The level of configured provisioned throughput for the table was exceeded.',
    }),
  },
  s3: {
    status: 503,
    body: '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
  },
  /** A HEAD request has no body. */
  s3Head: { status: 503, body: '' },
} as const satisfies Readonly<Record<string, FakeResponse>>

/** Sends all attempts of a client to `respond` instead of a server. `respond` receives the number of the attempt, from
 * 1, and the body of the request. Counts the attempts. */
export const fakeService = (
  client: { readonly config: { requestHandler: unknown } },
  respond: (attempt: number, body: string) => FakeResponse | Promise<FakeResponse>,
): { attempts: number } => {
  const counted = { attempts: 0 }
  client.config.requestHandler = {
    handle: async (request: { readonly body?: unknown }) => {
      counted.attempts += 1
      const { status, body, headers = {} } = await respond(counted.attempts, textOf(request.body))
      return { response: new HttpResponse({ statusCode: status, headers, body: Readable.from([Buffer.from(body)]) }) }
    },
  }
  return counted
}

const textOf = (body: unknown): string => {
  if (typeof body === 'string') return body
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : ''
}
