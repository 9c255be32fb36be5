import { Annotations } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { WORKERS } from './functions.ts'
import type { Settings } from './settings.ts'

/** The concurrency that AWS keeps for all functions without reserved concurrency, in every account and region. */
const UNRESERVED = 100

/**
 * Prints how much concurrency of the account the setting `reserved_concurrency` needs. The limit of the account is
 * unknown during synth, so AWS checks it during the deployment.
 *
 * The message is a warning, because the CDK CLI omits all messages of the level "info" if the app has a warning.
 */
export const explainReservedConcurrency = (
  scope: Construct,
  { reserved_concurrency: reserved, max_concurrency: wanted }: Settings,
): void => {
  if (reserved === undefined) return
  const total = reserved * WORKERS.length
  const notes = [
    `The setting reserved_concurrency (${reserved}) reserves ${total} concurrent executions of the account: ` +
      `${reserved} for each of the ${WORKERS.length} worker functions. AWS keeps ${UNRESERVED} unreserved for all ` +
      'functions without a reservation. The deployment fails if the limit of the account in this region is less than ' +
      `${total + UNRESERVED} plus the reservations of other functions.`,
  ]
  if (reserved < wanted)
    notes.push(
      `reserved_concurrency is less than max_concurrency (${wanted}), so Lambda throttles the workers of large jobs. ` +
        'These jobs go on, but the alarm FunctionThrottles may be raised.',
    )
  Annotations.of(scope).addWarningV2('specstar:reserved-concurrency', notes.join(' '))
}
