import { Duration } from 'aws-cdk-lib'
import { Rule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'

export interface StoppedJobsProps {
  readonly stateMachineArns: readonly string[]
  readonly handler: IFunction
  readonly deadLetters: IQueue
}

/** Executions that were aborted or took too long run no catch of theirs: a rule ends their jobs. */
export class StoppedJobs extends Construct {
  constructor(scope: Construct, id: string, { stateMachineArns, handler, deadLetters }: StoppedJobsProps) {
    super(scope, id)
    new Rule(this, 'Rule', {
      description: 'An execution was aborted, timed out or failed',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [...stateMachineArns], status: ['ABORTED', 'TIMED_OUT', 'FAILED'] },
      },
      targets: [
        new LambdaFunction(handler, {
          deadLetterQueue: deadLetters,
          retryAttempts: 185,
          maxEventAge: Duration.hours(24),
        }),
      ],
    })
  }
}
