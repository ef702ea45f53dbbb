// SPDX-FileCopyrightText: ruska contributors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ruska/base/json.hpp"

namespace ruska::io {

/// Sets General.date (ISO 8601) where the numbers are a day of the years 1900 to 9999, else nothing.
void set_date(Json& metadata, int year, int month, int day);
/// Sets General.time (ISO 8601) where the numbers are a time of day, else nothing.
void set_time(Json& metadata, int hour, int minute, int second);
/// Sets both from days since 30 December 1899, as Windows counts them (OLE automation), to the nearest second.
void set_date_and_time(Json& metadata, double days);

}  // namespace ruska::io
