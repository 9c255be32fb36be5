import { useServices } from '../services.ts'
import { resourceKeysContract } from './resource-keys.contract.ts'

resourceKeysContract(useServices)
