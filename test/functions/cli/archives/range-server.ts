import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers a request instead of the server. Returns false if the server should answer. */
export type Intercept = (request: IncomingMessage, response: ServerResponse, count: number) => boolean

/** A server of one file, which supports range requests like a presigned URL of S3: only GET, with an ETag. */
export interface RangeServer {
  readonly url: string
  /** The ranges that were requested. */
  readonly ranges: string[]
  closeConnections(): void
  stop(): Promise<void>
}

export const startRangeServer = async (
  bytes: Buffer,
  { intercept = () => false, etag = '"v1"' }: { readonly intercept?: Intercept; readonly etag?: string } = {},
): Promise<RangeServer> => {
  const ranges: string[] = []
  const server = createServer((request, response) => {
    const { range = '' } = request.headers
    ranges.push(range)
    if (intercept(request, response, ranges.length)) return
    const match = request.headers['if-match']
    if (request.method !== 'GET') response.writeHead(403).end()
    else if (match !== undefined && match !== etag) response.writeHead(412).end()
    else sendRange(response, bytes, range, etag)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/folder/backup.acbak?X-Amz-Signature=secret`,
    ranges,
    closeConnections: () => {
      server.closeAllConnections()
    },
    stop: () =>
      new Promise(
        (resolve) =>
          void server.close(() => {
            resolve()
          }),
      ),
  }
}

const sendRange = (response: ServerResponse, bytes: Buffer, range: string, etag: string): void => {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
  const start = Number(first)
  if (start >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    return
  }
  const end = Math.min(Number(last), bytes.length - 1)
  response.writeHead(206, {
    'content-range': `bytes ${start}-${end}/${bytes.length}`,
    etag,
    'content-length': end - start + 1,
  })
  response.end(bytes.subarray(start, end + 1))
}
