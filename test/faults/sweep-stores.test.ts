import { describeRecoveries } from './sweep-scenarios.ts'

describeRecoveries('stores')
