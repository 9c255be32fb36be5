import { startChild, type ChildError } from '../processes/start-child.ts'

export interface DynamoDbOptions {
  /** 0 takes any free port */
  readonly port: number
  /** where the tables are kept; in memory without it */
  readonly dir?: string
  readonly onDied?: (error: ChildError) => void
}

export interface LocalServer {
  readonly endpoint: string
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/**
 * Starts dynalite in a process of its own, with what kills it kept from it. Tables are active within milliseconds, and data on disk
 * survives a `kill -9`. Rejects with `PortInUseError` or `ChildError`.
 */
export async function startDynamoDb({ port, dir, onDied }: DynamoDbOptions): Promise<LocalServer> {
  const child = await startChild({
    name: 'DynamoDB',
    entry: new URL('dynamodb-server.ts', import.meta.url),
    settings: { port, ...(dir !== undefined && { dir }) },
    portVariable: 'DYNAMODB_PORT',
    ...(onDied && { onDied }),
  })
  return { ...child, endpoint: `http://127.0.0.1:${child.port}` }
}
