import { defaultProvider } from '@aws-sdk/credential-provider-node'
import type { AwsCredentialIdentityProvider } from '@smithy/types'
import type { Settings } from './settings.ts'

/** Returns the credential chain of the SDK: environment, profile, single sign-on, container and instance. */
export const credentialsOf = ({ profile }: Pick<Settings, 'profile'>): AwsCredentialIdentityProvider =>
  defaultProvider(profile === undefined ? {} : { profile })
