#pragma once

// Rows of a PersonTable, as a Roaring bitmap.
#include <roaring/roaring.hh>

namespace roaring {}  // namespace roaring

namespace esnaf::segmentation {
namespace roaring_names {
using namespace ::roaring;
using Bitmap = Roaring;
}  // namespace roaring_names

using PersonSet = roaring_names::Bitmap;

}  // namespace esnaf::segmentation
