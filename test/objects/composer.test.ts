import { useServices } from '../services.ts'
import { composerContract } from './composer.contract.ts'

composerContract(useServices)
