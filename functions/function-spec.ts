import type { Permissions } from './permissions.ts'

/** Describes one Lambda function. `routes.ts`, `events.ts` and `stages.ts` contain a row for each function. */
export interface FunctionSpec {
  /** Unique in the deployment. The function on AWS is called `<deployment>-<name>`. */
  readonly name: string
  /** Path in `functions/` of the module that exports `handler`. */
  readonly file: string
  readonly size: FunctionSize
  readonly permissions: Permissions
  /** The function receives the schedules of the settings in the environment variable `SCHEDULES`. */
  readonly readsSchedules?: true
  /** The bundle of the function contains the built page (`functions/page/`). */
  readonly servesPage?: true
}

/**
 * Memory in MiB and time limit in seconds. Lambda allocates CPU in proportion to memory. A function with 1,769 MiB has
 * one core.
 */
interface FunctionSize {
  readonly memory: number
  readonly timeout: number
}

export const SIZES = {
  /**
   * API Gateway ends a request after 30 seconds.
   * With less memory, and therefore less CPU, cold starts would take too long.
   */
  route: { memory: 512, timeout: 30 },
  /**
   * For routes that accept an archive of up to 4 MiB in the body. The memory of the function contains the archive three
   * times: as base64 in the event, as bytes, and as the body of the upload to S3.
   */
  import: { memory: 1024, timeout: 30 },
  /** For routes that compare resources field by field, which takes memory and CPU. */
  compare: { memory: 1769, timeout: 30 },
  /**
   * A pass stops after about five minutes. The time limit is the longest that Lambda allows.
   * Workers compress, hash and parse data, so they need a full core.
   */
  worker: { memory: 1769, timeout: 900 },
  /** For stages that read the results of earlier stages and write lists of up to a million keys. */
  planner: { memory: 1024, timeout: 900 },
  /** For functions that start or end one job. */
  event: { memory: 512, timeout: 60 },
  /** For functions that list and open every archive of every schedule. */
  housekeeping: { memory: 512, timeout: 900 },
} as const satisfies Readonly<Record<string, FunctionSize>>

/**
 * Converts the name of a function to PascalCase: `export-records` becomes `ExportRecords`.
 * This is the name of the stage's state in the workflow and of the function's CDK construct.
 */
export const pascalCase = (name: string): string =>
  name
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('')
