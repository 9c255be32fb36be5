import type { JobKind } from '../../../shared/jobs/workflow-engine.ts'
import type { EndStatus } from '../workflows/local-workflow-engine.ts'
import type { LocalEvent } from './event-pattern.ts'

export const stateMachineArn = (kind: JobKind): string => `arn:aws:states:local:000000000000:stateMachine:${kind}`

/**
 * Returns the EventBridge event that Step Functions sends when an execution has ended.
 * https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
export const executionEnded = (kind: JobKind, jobId: string, status: EndStatus): LocalEvent => ({
  source: 'aws.states',
  'detail-type': 'Step Functions Execution Status Change',
  detail: { stateMachineArn: stateMachineArn(kind), name: jobId, status },
})
