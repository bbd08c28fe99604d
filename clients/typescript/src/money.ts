// Money without floating point: minor units as bigint or Int64, and decimal text. The exponents are ISO 4217's, as the suite has them.
import type { Money } from './generated/api.js';
import type { Input, Int64 } from './types.js';

const exponents: Record<number, string> = {
  0: 'BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF TRL UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};
const exponentOf = new Map(Object.entries(exponents).flatMap(([digits, codes]) => codes.split(' ').map((code) => [code, Number(digits)] as const)));
const largest = 2n ** 63n - 1n;

const int64 = (value: bigint): Int64 => {
  if (value > largest || value < -largest - 1n) throw new RangeError('the amount does not fit 64 bits');
  return `${value}`;
};

/** How many decimal digits the currency's minor unit has: 2 for TRY, 0 for JPY, 3 for KWD. */
export function currencyExponent(currencyCode: string): number {
  if (!/^[A-Z]{3}$/.test(currencyCode)) throw new RangeError(`${currencyCode} is no ISO 4217 code`);
  return exponentOf.get(currencyCode) ?? 2;
}

/** Money of minor units: `money(12990n, 'TRY')` are 129.90 lira. */
export function money(minor: bigint | Int64, currencyCode: string): Money {
  return { minor: int64(BigInt(minor)), currencyCode };
}

/** Reads `129.90`, `-0.05` or `12` exactly; throws where it is no number or has more digits than the currency. */
export function parseMoney(decimal: string, currencyCode: string): Money {
  const digits = currencyExponent(currencyCode);
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal);
  if (!match) throw new RangeError(`${JSON.stringify(decimal)} is no decimal number`);
  const fraction = match[3] ?? '';
  if (fraction.length > digits) throw new RangeError(`${decimal} has more than ${digits} digits behind the point`);
  const minor = BigInt(match[2]! + fraction.padEnd(digits, '0'));
  return money(match[1] ? -minor : minor, currencyCode);
}

/** `129.90`: a point, and as many digits as the currency has. */
export function toDecimal({ minor = '0', currencyCode = '' }: Input<Money>): string {
  const digits = currencyExponent(currencyCode);
  const value = BigInt(minor);
  const text = (value < 0n ? -value : value).toString().padStart(digits + 1, '0');
  const point = text.length - digits;
  return `${value < 0n ? '-' : ''}${text.slice(0, point)}${digits ? `.${text.slice(point)}` : ''}`;
}

/** For people: `₺129,90`, by the locale's rules and exact at any size. */
export function formatMoney(amount: Input<Money>, locale?: string): string {
  const digits = currencyExponent(amount.currencyCode ?? '');
  const format = new Intl.NumberFormat(locale, {
    style: 'currency', currency: amount.currencyCode!, minimumFractionDigits: digits, maximumFractionDigits: digits,
  });
  return format.format(toDecimal(amount) as Intl.StringNumericLiteral);
}

/** The sum; throws where currencies differ. */
export function addMoney(first: Input<Money>, ...others: Input<Money>[]): Money {
  return others.reduce<Money>((sum, one) => {
    if (one.currencyCode !== sum.currencyCode) throw new RangeError(`${sum.currencyCode} and ${one.currencyCode} do not add up`);
    return money(BigInt(sum.minor) + BigInt(one.minor ?? 0), sum.currencyCode);
  }, money(BigInt(first.minor ?? 0), first.currencyCode ?? ''));
}

/** The amount of so many pieces. */
export function multiplyMoney(amount: Input<Money>, pieces: bigint): Money {
  return money(BigInt(amount.minor ?? 0) * pieces, amount.currencyCode ?? '');
}
