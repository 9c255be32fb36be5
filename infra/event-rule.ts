import { Rule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import type { EventPattern } from '../functions/events.ts'

interface EventRuleProps {
  readonly description: string
  readonly pattern: EventPattern
  readonly handler: IFunction
  /** Receives the events that EventBridge cannot deliver to the function. */
  readonly deadLetters: IQueue
}

/** An EventBridge rule that passes every event that matches the pattern to a function. */
export class EventRule extends Construct {
  constructor(scope: Construct, id: string, { description, pattern, handler, deadLetters }: EventRuleProps) {
    super(scope, id)
    new Rule(this, 'Rule', {
      description,
      eventPattern: pattern,
      targets: [new LambdaFunction(handler, { deadLetterQueue: deadLetters })],
    })
  }
}
