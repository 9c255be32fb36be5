import { z } from 'zod'
import { type ChildError, type LocalServer, startChild } from '../processes/start-child.ts'
import { ObjectCreated } from './object-created.ts'

export type { ObjectCreated }

export interface S3Options {
  /** 0 takes any free port. */
  readonly port: number
  /** The folder that contains all data. */
  readonly dir: string
  /** Buckets to create unless they exist. */
  readonly buckets?: readonly string[]
  /** Days until versions that are not current are deleted. By default they are kept. */
  readonly oldVersionDays?: number
  /** Called once for every object that was put, copied or completed, when it can be read. */
  readonly onObjectCreated?: (event: ObjectCreated) => void
  readonly onDied?: (error: ChildError) => void
}

const Message = z.object({ event: ObjectCreated })

/**
 * Starts the local S3 service in its own process. Addresses are path-style, credentials are `LOCAL_CREDENTIALS`.
 * Rejects with `PortInUseError` or `ChildError`.
 */
export async function startS3(options: S3Options): Promise<LocalServer> {
  const { port, dir, buckets = [], oldVersionDays, onObjectCreated, onDied } = options
  const child = await startChild({
    name: 'S3',
    entry: new URL('s3-server.ts', import.meta.url),
    settings: { port, dir, buckets, ...(oldVersionDays !== undefined && { oldVersionDays }) },
    portVariable: 'S3_PORT',
    onMessage: (message) => {
      onObjectCreated?.(Message.parse(message).event)
    },
    ...(onDied && { onDied }),
  })
  return { ...child, endpoint: `http://127.0.0.1:${child.port}` }
}
