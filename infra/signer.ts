import { Duration } from 'aws-cdk-lib'
import { ArnPrincipal, CompositePrincipal, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'
import { acknowledgeWildcards } from './acknowledge.ts'
import type { BackupFunction } from './backup-function.ts'
import { KEY_ACTIONS } from './grants.ts'
import { bucketArn, type StoreNames } from './names.ts'

interface SignerProps {
  readonly names: StoreNames
  readonly key: IKey | undefined
  /** The functions that may assume the role. */
  readonly users: readonly BackupFunction[]
}

/**
 * The role that signs URLs. It allows downloads and uploads at several prefixes. For each URL, a function opens a
 * session whose policy allows only one key.
 */
export class Signer extends Role {
  constructor(scope: Construct, id: string, { names, key, users }: SignerProps) {
    super(scope, id, {
      description: 'Signs URLs of archives and of upload slots',
      assumedBy: new CompositePrincipal(...users.map(({ role }) => new ArnPrincipal(role?.roleArn ?? ''))),
      maxSessionDuration: Duration.hours(1),
    })
    const downloads = ['exports/*', 'scheduled/*', 'reports/*'].map((keys) => bucketArn(names.archives, keys))
    const uploads = [bucketArn(names.restores, '_slots/*')]
    this.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject', 's3:GetObjectVersion'], resources: downloads }))
    this.addToPolicy(new PolicyStatement({ actions: ['s3:PutObject'], resources: uploads }))
    if (key !== undefined) this.addToPolicy(new PolicyStatement({ actions: [...KEY_ACTIONS], resources: [key.keyArn] }))
    acknowledgeWildcards(
      this.node.findChild('DefaultPolicy'),
      [...downloads, ...uploads],
      'A session policy limits each session to one action on one key (shared/objects/aws/role-signer.ts).',
    )
  }
}
