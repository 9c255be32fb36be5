import { z } from 'zod'
import { startChild, type ChildError } from './processes/start-child.ts'
import type { LocalServer } from './dynamodb/start-dynamodb.ts'
import { ObjectCreated } from './s3-gaps/events.ts'

export type { ObjectCreated }

export interface S3Options {
  /** 0 takes any free port */
  readonly port: number
  readonly dir: string
  /** made where they are not there */
  readonly buckets?: readonly string[]
  /** called once for each object that was put, copied or completed, when it can be read */
  readonly onObjectCreated?: (event: ObjectCreated) => void
  readonly onDied?: (error: ChildError) => void
}

const Message = z.object({ event: ObjectCreated })

/**
 * Starts s3rver in a process of its own, with its gaps closed (`s3-gaps/`): credentials `S3RVER`/`S3RVER`, path-style
 * addresses, strict signatures, no versions. Rejects with `PortInUseError` or `ChildError`.
 */
export async function startS3({ port, dir, buckets = [], onObjectCreated, onDied }: S3Options): Promise<LocalServer> {
  const child = await startChild({
    name: 'S3',
    entry: new URL('s3-server.ts', import.meta.url),
    settings: { port, dir, buckets },
    portVariable: 'S3_PORT',
    onMessage: (message) => {
      onObjectCreated?.(Message.parse(message).event)
    },
    ...(onDied && { onDied }),
  })
  return { ...child, endpoint: `http://127.0.0.1:${child.port}` }
}
