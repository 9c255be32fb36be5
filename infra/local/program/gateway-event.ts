import type { IncomingMessage } from 'node:http'
import type { HttpEvent } from '../../../functions/http/http-request.ts'

/** An HTTP request and the route that matches its path. */
interface GatewayRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly routeKey: string
  readonly params: Readonly<Record<string, string | undefined>>
  readonly request: IncomingMessage
  readonly body: Buffer
  readonly requestId: string
}

/** Returns the event, in payload format version 2.0, that API Gateway would pass to the Lambda function. */
export const httpEvent = (from: GatewayRequest): HttpEvent => {
  const { method, path, query, routeKey, params, request, body, requestId } = from
  const headers = Object.fromEntries(
    Object.entries(request.headersDistinct).map(([name, values = []]) => [name, values.join(',')]),
  )
  const now = new Date()
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: query,
    headers,
    queryStringParameters: joinRepeated(new URLSearchParams(query)),
    pathParameters: { ...params },
    ...(body.length === 0 ? {} : { body: body.toString('base64') }),
    isBase64Encoded: body.length > 0,
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      authorizer: { iam: { userArn: 'local' } },
      domainName: '127.0.0.1',
      domainPrefix: '127',
      http: {
        method,
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey,
      stage: '$default',
      time: now.toUTCString(),
      timeEpoch: now.getTime(),
    },
  }
}

/** Returns the parameters of a query string. Like API Gateway, joins the values of a repeated parameter with commas. */
const joinRepeated = (query: URLSearchParams): Record<string, string> =>
  Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')]))
