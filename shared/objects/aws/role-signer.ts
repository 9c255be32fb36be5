import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts'
import type { S3Client } from '@aws-sdk/client-s3'
import type { Grant, SignerFor } from './signed-urls.ts'

/** The duration of a session. If a role assumes another role, AWS limits the session to one hour. */
const SESSION_SECONDS = 3600

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/**
 * Returns a function that signs each URL in a separate session of a role. The role may read archives and write to
 * upload slots. The session permits only the action and the key of the URL, so a leaked URL permits nothing else. The
 * function throws if `roleArn` is undefined or if AWS returns no session.
 */
export const roleSigner =
  (sts: STSClient, roleArn: string | undefined, clientFor: (credentials: Credentials) => S3Client): SignerFor =>
  async (grant) => {
    if (roleArn === undefined) throw new Error('SIGNER_ROLE_ARN is not set: this function may not sign URLs')
    const { Credentials: credentials } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: `specstar-${grant.action}`,
        DurationSeconds: SESSION_SECONDS,
        Policy: JSON.stringify(sessionPolicy(grant, roleArn.split(':')[1] ?? 'aws')),
      }),
    )
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {}
    if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined)
      throw new Error(`AWS returned no session of role ${roleArn}`)
    return {
      client: clientFor({ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }),
      ...(Expiration === undefined ? {} : { until: Expiration }),
    }
  }

/** Returns the policy of a session. It permits only one key, whereas the policy of the role permits whole prefixes. */
const sessionPolicy = ({ action, bucket, key, version_id }: Grant, partition: string): object => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: action === 'put' ? 's3:PutObject' : version_id === undefined ? 's3:GetObject' : 's3:GetObjectVersion',
      // In a policy, `*` and `?` are wildcards and `$` begins a variable. They are escaped as `${*}`.
      Resource: `arn:${partition}:s3:::${bucket}/${key.replaceAll(/[*?$]/g, (sign) => `\${${sign}}`)}`,
    },
    // If the buckets have a KMS key, the session needs these permissions. A session cannot have more permissions than
    // its role, so `*` does not permit the use of other keys.
    { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*' },
  ],
})
