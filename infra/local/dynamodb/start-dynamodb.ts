import type { DynamoDbLimits } from '../limits/service-limits.ts'
import { type ChildError, type LocalServer, startChild } from '../processes/start-child.ts'

interface DynamoDbOptions {
  /** The port of the service. 0 selects any free port. */
  readonly port: number
  /** The folder for the tables. If it is undefined, the tables are kept in memory. */
  readonly dir?: string
  /** By default, the service has no limits. */
  readonly limits?: DynamoDbLimits | undefined
  readonly onDied?: (error: ChildError) => void
}

/**
 * Starts a local DynamoDB service (dynalite) in a separate process. A new table is active within milliseconds. If `dir`
 * is defined, the data survives `kill -9`. Rejects with `PortInUseError` if the port is in use, and with `ChildError`
 * after any other failure.
 */
export async function startDynamoDb({ port, dir, limits, onDied }: DynamoDbOptions): Promise<LocalServer> {
  const child = await startChild({
    name: 'DynamoDB',
    entry: new URL('dynamodb-server.ts', import.meta.url),
    settings: { port, ...(dir !== undefined && { dir }), ...(limits !== undefined && { limits }) },
    portVariable: 'DYNAMODB_PORT',
    ...(onDied && { onDied }),
  })
  return { ...child, endpoint: `http://127.0.0.1:${child.port}` }
}
