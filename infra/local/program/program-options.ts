import * as z from 'zod'
import type { Limits } from '../../../shared/jobs/limits.ts'
import type { LoadStage } from '../workflows/local-workflow-engine.ts'
import { parseLimits, type ServiceLimits } from '../limits/service-limits.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface ProgramOptions {
  /** The port of the API. For each of the three ports, 0 selects any free port. */
  readonly port: number
  readonly s3Port: number
  readonly dynamoDbPort: number
  readonly dataDir: string
  /**
   * Environment variables. They can set the names of tables and buckets, and the URLs of servers that replace the local
   * services.
   */
  readonly env?: Environment
  /** The limits of the local services. By default, they have none. */
  readonly serviceLimits?: ServiceLimits
  /** Replaces default limits. With small limits, a test runs many passes on little data. */
  readonly limits?: Partial<Limits>
  /** Loads the handlers of the stages. By default, they are loaded from `functions/`. A benchmark measures them. */
  readonly loadStage?: LoadStage
}

export const DEFAULT_PORTS = { PORT: 3000, S3_PORT: 9000, DYNAMODB_PORT: 8000 } as const
const DEFAULT_DATA_DIR = '.local'

const Port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((port) => port <= 65_535)

/**
 * Reads the variables `PORT`, `S3_PORT`, `DYNAMODB_PORT`, `DATA_DIR` and `LIMITS`. Throws an `Error` if a variable is
 * invalid, or if two variables have the same port.
 */
export const programOptions = (env: Environment): ProgramOptions => {
  const ports = {
    PORT: portOf(env, 'PORT'),
    S3_PORT: portOf(env, 'S3_PORT'),
    DYNAMODB_PORT: portOf(env, 'DYNAMODB_PORT'),
  }
  checkDistinct(Object.entries(ports))
  return {
    port: ports.PORT,
    s3Port: ports.S3_PORT,
    dynamoDbPort: ports.DYNAMODB_PORT,
    dataDir: env['DATA_DIR'] ?? DEFAULT_DATA_DIR,
    serviceLimits: parseLimits(env['LIMITS']),
    env,
  }
}

const portOf = (env: Environment, name: keyof typeof DEFAULT_PORTS): number => {
  const text = env[name]
  if (text === undefined || text === '') return DEFAULT_PORTS[name]
  const parsed = Port.safeParse(text)
  if (!parsed.success) throw new Error(`${name}=${text} is not a port: set ${name} to a number from 0 to 65535`)
  return parsed.data
}

const checkDistinct = (ports: readonly (readonly [string, number])[]): void => {
  for (const [k, [name, port]] of ports.entries()) {
    const earlier = ports.slice(0, k).find(([, other]) => other === port)
    if (port !== 0 && earlier !== undefined)
      throw new Error(`${name} and ${earlier[0]} are both ${port}: set them to different ports`)
  }
}
