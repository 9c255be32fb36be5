import { Duration } from 'aws-cdk-lib'
import { Rule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'

export interface UploadDoorProps {
  readonly bucketName: string
  readonly handler: IFunction
  readonly deadLetters: IQueue
}

/** An archive that is put into the restore bucket is restored: S3 → EventBridge → function. */
export class UploadDoor extends Construct {
  constructor(scope: Construct, id: string, { bucketName, handler, deadLetters }: UploadDoorProps) {
    super(scope, id)
    new Rule(this, 'Rule', {
      description: 'An archive was put into the restore bucket',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [bucketName] }, object: { key: [{ suffix: '.acbak' }] } },
      },
      // Asked again for a day: a deployment that is full has room by then.
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
