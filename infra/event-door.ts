import { type EventPattern, Rule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'

export interface EventDoorProps {
  readonly description: string
  readonly pattern: EventPattern
  readonly handler: IFunction
  /** What cannot be handed to the function; what the function itself gives up is its own to send there. */
  readonly deadLetters: IQueue
}

/** Events of one pattern, each brought to a function. */
export class EventDoor extends Construct {
  constructor(scope: Construct, id: string, { description, pattern, handler, deadLetters }: EventDoorProps) {
    super(scope, id)
    new Rule(this, 'Rule', {
      description,
      eventPattern: pattern,
      targets: [new LambdaFunction(handler, { deadLetterQueue: deadLetters })],
    })
  }
}

/** An archive was put into the restore bucket. */
export const uploadPattern = (bucketName: string): EventPattern => ({
  source: ['aws.s3'],
  detailType: ['Object Created'],
  detail: { bucket: { name: [bucketName] }, object: { key: [{ suffix: '.acbak' }] } },
})

/** Executions that were aborted or took too long run no catch of theirs; one that failed may have failed in its last stage. */
export const stoppedPattern = (stateMachineArns: readonly string[]): EventPattern => ({
  source: ['aws.states'],
  detailType: ['Step Functions Execution Status Change'],
  detail: { stateMachineArn: [...stateMachineArns], status: ['ABORTED', 'TIMED_OUT', 'FAILED'] },
})
