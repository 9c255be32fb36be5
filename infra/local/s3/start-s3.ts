import * as z from 'zod'
import type { S3Limits } from '../limits/service-limits.ts'
import { type ChildError, type LocalServer, startChild } from '../processes/start-child.ts'
import { ObjectCreated } from './object-created.ts'

export type { ObjectCreated }

/** The numbers of days after which the service deletes data, as the lifecycle rules of AWS do. */
export interface ExpiryDays {
  /** Noncurrent versions, from the time at which they became noncurrent. */
  readonly oldVersions: number
  /** Multipart uploads that were neither completed nor aborted. */
  readonly unfinishedUploads: number
  /** All objects, by the names of buckets. */
  readonly objects: Readonly<Record<string, number>>
}

interface S3Options {
  /** The port of the service. 0 selects any free port. */
  readonly port: number
  /** The folder that contains all data. */
  readonly dir: string
  /** Buckets to create unless they exist. */
  readonly buckets?: readonly string[]
  /** What is deleted after some days. By default, nothing is deleted. */
  readonly expiry?: ExpiryDays
  /** By default, the service has no limits. */
  readonly limits?: S3Limits | undefined
  /** Called once for every new object, as soon as it can be read. */
  readonly onObjectCreated?: (event: ObjectCreated) => void
  readonly onDied?: (error: ChildError) => void
}

const Message = z.object({ event: ObjectCreated })

/**
 * Starts the local S3 service in a separate process. Clients must use path-style URLs and `LOCAL_CREDENTIALS`.
 * Rejects with `PortInUseError` if the port is in use, and with `ChildError` after any other failure.
 */
export async function startS3(options: S3Options): Promise<LocalServer> {
  const { port, dir, buckets = [], expiry, limits, onObjectCreated, onDied } = options
  const child = await startChild({
    name: 'S3',
    entry: new URL('s3-server.ts', import.meta.url),
    settings: { port, dir, buckets, ...(expiry !== undefined && { expiry }), ...(limits !== undefined && { limits }) },
    portVariable: 'S3_PORT',
    onMessage: (message) => {
      onObjectCreated?.(Message.parse(message).event)
    },
    ...(onDied && { onDied }),
  })
  return { ...child, endpoint: `http://127.0.0.1:${child.port}` }
}
